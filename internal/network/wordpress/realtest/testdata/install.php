<?php
// Installs the site that the others are copies of, with two administrators and a subscriber, and prints their application passwords.
$_SERVER['HTTP_HOST'] = '127.0.0.1';
$_SERVER['REQUEST_METHOD'] = 'GET';
$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
define('WP_INSTALLING', true);
require $argv[1] . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
add_filter('pre_wp_mail', '__return_true');
wp_install('Le blog du Zinc', 'patron', 'patron@exemple.test', true, '', 'its-own-password');
update_option('permalink_structure', '/%year%/%monthnum%/%postname%/');
update_option('comment_moderation', '0');
update_option('comment_previously_approved', '0');
wp_delete_comment(1, true);
wp_insert_user(['user_login' => 'keeper', 'user_pass' => 'its-own-password', 'user_email' => 'keeper@exemple.test', 'role' => 'administrator']);
wp_insert_user(['user_login' => 'guest', 'user_pass' => 'its-own-password', 'user_email' => 'guest@exemple.test', 'role' => 'subscriber']);
foreach (['patron', 'guest', 'keeper'] as $name) {
	[$password] = WP_Application_Passwords::create_new_application_password(get_user_by('login', $name)->ID, ['name' => 'Comptoir']);
	echo $name, ' ', $password, "\n";
}
